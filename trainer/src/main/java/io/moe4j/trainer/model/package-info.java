/** Weights from elsewhere, and for elsewhere: checkpoints and Hugging Face folders as one thing. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.trainer.model;

import org.jspecify.annotations.NullMarked;
