// Decides where a member of an archive may lie: below the folder it is unpacked into, once, under one spelling. Pure.
import { Fault } from '../fault.ts';
import type { TarMember } from './tar-reader.ts';

const PATH_MAX_BYTES = 1_024;
const NAME_MAX_BYTES = 255;
const DEPTH_MAX = 32;

/** Remembers what was admitted: the same name twice, or in another case, is refused. */
export class MemberPaths {
  /** By the spelling that a file system without upper and lower case would see. */
  readonly #seen = new Map<string, { readonly path: string; readonly isFolder: boolean }>();

  /**
   * The segments below the target, none for the archive's own top `./`, and the folders above it that no member has named yet.
   * Fault archive_unsafe with the name and the reason.
   */
  admit(member: TarMember): { readonly segments: readonly string[]; readonly newFolders: readonly string[] } {
    if (member.kind !== 'file' && member.kind !== 'directory') throw unsafe(member.path, KIND_REASON[member.kind]);
    if ((member.mode & 0o6000) !== 0) throw unsafe(member.path, 'would run with the rights of its owner');
    const segments = segmentsOf(member.path);
    if (segments.length === 0) {
      if (member.kind === 'directory') return { segments, newFolders: [] };
      throw unsafe(member.path, 'has no name');
    }
    const newFolders: string[] = [];
    for (let depth = 1; depth < segments.length; depth += 1) {
      const folder = segments.slice(0, depth).join('/');
      if (this.#take(folder, true, member.path)) newFolders.push(folder);
    }
    const isNew = this.#take(segments.join('/'), member.kind === 'directory', member.path);
    if (!isNew && member.kind === 'file') throw unsafe(member.path, 'is there twice');
    return { segments, newFolders };
  }

  // True when it was not there yet.
  #take(path: string, isFolder: boolean, shown: string): boolean {
    const key = path.normalize('NFC').toLowerCase();
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, { path, isFolder });
      return true;
    }
    if (seen.path !== path) throw unsafe(shown, `differs from ${JSON.stringify(seen.path)} only in spelling`);
    if (seen.isFolder !== isFolder) throw unsafe(shown, 'is a file and a folder');
    return false;
  }
}

const KIND_REASON = {
  symlink: 'is a link: links are not unpacked',
  hardlink: 'is a link: links are not unpacked',
  other: 'is neither a file nor a folder',
} as const;

function segmentsOf(path: string): readonly string[] {
  if (path === '') throw unsafe(path, 'has no name');
  if (Buffer.byteLength(path) > PATH_MAX_BYTES) throw unsafe(path, `is longer than ${PATH_MAX_BYTES} bytes`);
  if (path.startsWith('/')) throw unsafe(path, 'is absolute');
  // A name is printed, passed to other programs and put into paths.
  if (/[\p{Cc}\\]/u.test(path)) throw unsafe(path, 'has a control character or a backslash');
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw unsafe(path, 'leads out of the folder');
  if (segments.length > DEPTH_MAX) throw unsafe(path, `is more than ${DEPTH_MAX} folders deep`);
  const long = segments.some((segment) => Buffer.byteLength(segment) > NAME_MAX_BYTES);
  if (long) throw unsafe(path, `has a part longer than ${NAME_MAX_BYTES} bytes`);
  return segments;
}

function unsafe(path: string, reason: string): Fault {
  return new Fault('archive_unsafe', `the archive is refused: ${JSON.stringify(path.slice(0, 200))} ${reason}`);
}
