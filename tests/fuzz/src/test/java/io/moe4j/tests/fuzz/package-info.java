/**
 * Readers of files against damaged ones. Each test makes inputs from a corpus by a fixed seed: some hundreds in the build, which takes a few seconds. A
 * longer run on demand, here of ten minutes for each reader:
 *
 * <pre>./mvnw -pl tests/fuzz -am verify -Dtest='*FuzzTest' -Dsurefire.failIfNoSpecifiedTests=false
 *     -Dmoe4j.fuzz.seconds=600 -Dmoe4j.fuzz.seed=7</pre>
 *
 * A failure prints the seed, the input's number, and the input.
 */
@NullMarked
package io.moe4j.tests.fuzz;

import org.jspecify.annotations.NullMarked;
