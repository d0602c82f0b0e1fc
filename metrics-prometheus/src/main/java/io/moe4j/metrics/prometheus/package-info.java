/** Serves numbers to Prometheus, with Prometheus's own client library. */
@NullMarked
package io.moe4j.metrics.prometheus;

import org.jspecify.annotations.NullMarked;
