/** Prompts and answers of {@code moe4j generate}. */
@NullMarked
package io.moe4j.app.generate;

import org.jspecify.annotations.NullMarked;
