/** Training as a library: open a run, make steps, read their results. */
@NullMarked
package io.moe4j.trainer.run;

import org.jspecify.annotations.NullMarked;
