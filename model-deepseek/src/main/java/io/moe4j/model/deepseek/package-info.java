/** DeepSeek-V2 and V3: flavors, and config.json. */
@NullMarked
package io.moe4j.model.deepseek;

import org.jspecify.annotations.NullMarked;
