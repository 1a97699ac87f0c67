// Imported first by a program of a benchmark: its heap is kept as the agent keeps its own, from before anything else is loaded.
import { keepHeapSmall } from '../../src/bin/process.ts';

keepHeapSmall();
