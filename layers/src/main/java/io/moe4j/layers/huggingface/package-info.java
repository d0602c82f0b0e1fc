/** Reading the config.json of Hugging Face. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.huggingface;

import org.jspecify.annotations.NullMarked;
