/** Qwen3-MoE: flavors, and config.json. */
@NullMarked
package io.moe4j.model.qwen;

import org.jspecify.annotations.NullMarked;
