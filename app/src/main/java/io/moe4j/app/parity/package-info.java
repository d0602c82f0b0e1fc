/**
 * Comparison with a golden file: a model, a batch, and the results of a reference implementation for them. The file has a Hugging Face style configuration
 * and the settings of AdamW in its metadata, and the tensors {@code param/NAME}, {@code input_ids}, {@code labels}, {@code logits}, {@code loss},
 * {@code grad/NAME}, {@code tokens_per_expert/LAYER}, and of a short training run on the same batch {@code train/loss},
 * {@code train/grad_norm}, {@code train/e_score_correction_bias/LAYER} and {@code train/param/NAME}.
 */
@NullMarked
package io.moe4j.app.parity;

import org.jspecify.annotations.NullMarked;
