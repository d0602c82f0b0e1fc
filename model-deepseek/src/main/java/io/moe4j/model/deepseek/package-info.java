/** DeepSeek-V2 and V3: flavors, and config.json. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.model.deepseek;

import org.jspecify.annotations.NullMarked;
