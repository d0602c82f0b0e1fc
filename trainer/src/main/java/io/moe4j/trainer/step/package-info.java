/** One training step of one rank: forward, backward, checks, clipping, optimizer. */
@NullMarked
package io.moe4j.trainer.step;

import org.jspecify.annotations.NullMarked;
