/** Reads and writes trained models: checkpoints, Hugging Face folders and PEFT's adapters behind one interface. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.trainer.model;

import org.jspecify.annotations.NullMarked;
