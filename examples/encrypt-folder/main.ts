/** node main.ts [folder]: by default, this example's own folder. */
import { SingleBar } from 'cli-progress';
import { program } from 'commander';
import { encryptFolder } from './encrypt-folder.ts';
import { openLocalBucket } from './local-bucket.ts';

program.argument('[folder]', 'what to encrypt', import.meta.dirname).action(async (folder: string) => {
  const bucket = await openLocalBucket();
  try {
    const bar = new SingleBar({ format: '{bar} {percentage}% {file}' });
    bar.start(1, 0, { file: '' });
    const count = await encryptFolder(bucket.objects, folder, 'backup/', ({ file, done, total }) => {
      bar.setTotal(Math.max(total, 1));
      bar.update(done, { file });
    });
    bar.stop();
    console.log(`${count} files are encrypted in the bucket:`);
    for await (const { key, length } of bucket.objects.list({ prefix: 'backup/' })) {
      console.log(`${String(length).padStart(10)}  ${key}`);
    }
  } finally {
    await bucket.close();
  }
});
await program.parseAsync();
