/** Qwen3-MoE: flavors, and config.json. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.model.qwen;

import org.jspecify.annotations.NullMarked;
