/** DeepSeek-V3. */
@NullMarked
package io.moe4j.model.deepseek;

import org.jspecify.annotations.NullMarked;
