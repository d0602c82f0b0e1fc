package io.moe4j.trainer.checkpoint.store;

import java.util.List;

/**
 * A file of a checkpoint, as the manifest lists it.
 *
 * @param name its name in the checkpoint's folder
 * @param role what it holds
 * @param step the step of the checkpoint
 * @param ranks the ranks whose state it holds
 * @param bytes its size in bytes
 * @param sha256 SHA-256 of its content; for tensors, of the list of its pieces, which is in the file of digests of the same ranks
 */
record StoredFile(String name, Role role, long step, List<Integer> ranks, long bytes, String sha256) {
    StoredFile {
        ranks = List.copyOf(ranks);
    }
}
