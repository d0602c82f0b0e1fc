/** Reading the config.json of Hugging Face. */
@NullMarked
package io.moe4j.layers.huggingface;

import org.jspecify.annotations.NullMarked;
