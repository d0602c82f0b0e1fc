/** What all ranks of a run must have in common: compared when they meet, so that they train one model. */
@NullMarked
package io.moe4j.trainer.agreement;

import org.jspecify.annotations.NullMarked;
