/** Model folders in Hugging Face's layout: config.json, index and shards, as they are read and written. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.trainer.huggingface;

import org.jspecify.annotations.NullMarked;
