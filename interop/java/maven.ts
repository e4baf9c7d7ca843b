import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A compiled Maven project's class path, or why there is none on this machine. */
export type MavenProject = { readonly classPath: string } | { readonly absent: string };

/**
 * Compile a Maven project with its dependencies from the registry. The output goes to the project's `target` folder.
 *
 * @param folder the one with the `pom.xml`
 */
export function buildMavenProject(folder: string): MavenProject {
  for (const [command, argument] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    if (spawnSync(command, [argument]).status !== 0) return { absent: `${command} is not installed` };
  }
  const build = spawnSync(
    'mvn',
    ['-q', '-B', 'compile', 'dependency:build-classpath', '-Dmdep.outputFile=target/class-path'],
    { cwd: folder, encoding: 'utf8', timeout: 300_000 },
  );
  if (build.status === 0) {
    const dependencies = readFileSync(`${folder}/target/class-path`, 'utf8').trim();
    return { classPath: `${folder}/target/classes:${dependencies}` };
  }
  const output = `${build.stdout}${build.stderr}`;
  // What the registry does not have cannot be tried here; a project that does not compile is an error.
  // Maven remembers a miss, and words it otherwise the second time.
  const missing = /(?<=Could not find artifact )\S+|\S+(?= was not found in )/.exec(output)?.[0];
  if (missing !== undefined) return { absent: `Maven finds no ${missing}` };
  if (/Could not (resolve dependencies|transfer artifact)|could not be resolved/.test(output)) {
    return { absent: 'Maven cannot reach its repository' };
  }
  throw new Error(`mvn failed in ${folder}:\n${output}`);
}
