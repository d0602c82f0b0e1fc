/** Reports of a run: step lines, the metrics file, the summary. */
@NullMarked
package io.moe4j.trainer.metrics;

import org.jspecify.annotations.NullMarked;
