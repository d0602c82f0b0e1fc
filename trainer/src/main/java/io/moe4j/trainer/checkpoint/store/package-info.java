/**
 * The layout of checkpoints on the disk: the folder's states, the operations that lead from one to the next, manifests and digests. Nothing here knows ranks,
 * models or tensors; {@code docs/decisions/0014} has the states, and which checkpoint is found after a power cut at each operation.
 */
@NullMarked
package io.moe4j.trainer.checkpoint.store;

import org.jspecify.annotations.NullMarked;
