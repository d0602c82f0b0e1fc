/** {@code tokenizer.json}, read by Hugging Face's own library through the bindings of the Deep Java Library. */
@NullMarked
package io.moe4j.tokenizer.huggingface;

import org.jspecify.annotations.NullMarked;
