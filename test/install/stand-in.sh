# Puts an unpacked release where the installer puts it: ARCHIVE VERSION SERVER STACK, the purchase token on standard input.
set -eu
home=/opt/status-panel
mkdir -p "$home/versions"
tar -xzf "$1" -C "$home/versions" --no-same-owner
mv "$home/versions"/status-panel-*-linux-* "$home/versions/$2"
ln -sfn "versions/$2" "$home/current"
ln -sfn "$home/current/bin/status-panel" /usr/local/bin/status-panel
useradd --system --user-group --no-create-home --home-dir /var/lib/status-panel --shell /usr/sbin/nologin status-panel
install -d -m 750 -g status-panel /etc/status-panel
install -d -m 700 -o status-panel -g status-panel /var/lib/status-panel
systemd=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
cd "$home/current/systemd"
cp status-panel.service /etc/systemd/system/
mkdir -p /etc/systemd/system/status-panel.service.d
for drop_in in status-panel.service.d/*.conf; do
  least=${drop_in##*-v}
  [ "$systemd" -lt "${least%.conf}" ] || cp "$drop_in" /etc/systemd/system/status-panel.service.d/
done
runuser -u status-panel -- status-panel register --token-stdin --stack-id "$4" --server "$3" --state-directory /var/lib/status-panel
systemctl daemon-reload
systemctl enable --now status-panel
