/** JMH benchmarks of what the host does in the hot path of training on CPUs. A figure is the time of one call. */
@NullMarked
package io.moe4j.benchmarks;

import org.jspecify.annotations.NullMarked;
