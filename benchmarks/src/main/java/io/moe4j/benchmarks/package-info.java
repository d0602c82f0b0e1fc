/** JMH benchmarks of the host's work in the hot path of training on CPUs. A figure is the time of one call. */
@NullMarked
package io.moe4j.benchmarks;

import org.jspecify.annotations.NullMarked;
