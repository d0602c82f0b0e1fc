/** How parameters are updated from their gradients, and where the moments lie meanwhile. */
@NullMarked
package io.moe4j.trainer.update;

import org.jspecify.annotations.NullMarked;
