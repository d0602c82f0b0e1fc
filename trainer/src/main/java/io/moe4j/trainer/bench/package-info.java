/** Benchmarks of the command line: a step, and the parts of a mixture-of-experts layer. */
@NullMarked
package io.moe4j.trainer.bench;

import org.jspecify.annotations.NullMarked;
