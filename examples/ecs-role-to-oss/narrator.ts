import { stdout } from 'node:process';
import { styleText } from 'node:util';
import type { TransferProgress } from '@yunseal/oss-integration';
import cliProgress from 'cli-progress';

const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);

const MiB = 1024 * 1024;

/** `64.0 MiB`, `1.5 KiB`, `312 B`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [unit, per] = bytes < MiB ? ['KiB', 1024] : ['MiB', MiB];
  return `${(bytes / per).toFixed(1)} ${unit}`;
}

/** Tells a step as it happens: its title, the lines it says, what went over the wire, and how long it took. */
export async function step<T>(title: string, tellWire: () => string[], act: () => Promise<T>): Promise<T> {
  const started = performance.now();
  console.log(`\n${bold(title)}`);
  try {
    return await act();
  } finally {
    for (const line of tellWire()) console.log(dim(`   ${line}`));
    console.log(dim(`   ${Math.round(performance.now() - started)} ms`));
  }
}

export const say = (line: string) => console.log(`   ${line}`);

/**
 * A progress bar, moved by what `upload` and `download` report. On a terminal it is drawn; elsewhere (a log file, CI) only its
 * last line is printed.
 */
export function progressBar(label: string): { onProgress(now: TransferProgress): void; done(): void } {
  const started = performance.now();
  const bar = new cliProgress.SingleBar(
    {
      format: `   ${label} {bar} {percentage}% of {size}`,
      hideCursor: true,
      clearOnComplete: true,
      stream: stdout,
    },
    cliProgress.Presets.shades_classic,
  );
  let bytes = 0;
  return {
    onProgress({ transferred, total = transferred }) {
      if (bytes === 0) bar.start(total, 0, { size: size(total) });
      bytes = transferred;
      bar.setTotal(total);
      bar.update(transferred);
    },
    done() {
      bar.stop();
      const seconds = (performance.now() - started) / 1000;
      say(`${label} ${size(bytes)} at ${Math.round(bytes / MiB / seconds)} MiB/s`);
    },
  };
}

/** Watches the process's resident memory from now on. */
export function watchMemory(): { stop(): { atStart: number; most: number } } {
  const atStart = process.memoryUsage.rss();
  let most = atStart;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 100);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      return { atStart, most: Math.max(most, process.memoryUsage.rss()) };
    },
  };
}
