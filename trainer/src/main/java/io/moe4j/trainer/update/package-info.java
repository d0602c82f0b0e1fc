/** How parameters are updated from their gradients, and where the moments are kept. */
@NullMarked
package io.moe4j.trainer.update;

import org.jspecify.annotations.NullMarked;
