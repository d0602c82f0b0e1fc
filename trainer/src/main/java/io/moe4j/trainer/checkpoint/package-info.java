/** Saves the state of a run, and loads it on any number of ranks and with any parallelism. */
@NullMarked
package io.moe4j.trainer.checkpoint;

import org.jspecify.annotations.NullMarked;
