/** Benchmarks of the command line: a step, the parts of a mixture-of-experts layer, and kernels by themselves. */
@NullMarked
package io.moe4j.app.bench;

import org.jspecify.annotations.NullMarked;
