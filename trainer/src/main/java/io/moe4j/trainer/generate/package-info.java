/** Continues texts with a model: token by token, with a cache of earlier tokens. */
@NullMarked
package io.moe4j.trainer.generate;

import org.jspecify.annotations.NullMarked;
