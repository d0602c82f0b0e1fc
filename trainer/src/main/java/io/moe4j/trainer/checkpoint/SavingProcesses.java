package io.moe4j.trainer.checkpoint;

import java.util.List;

/** The processes that save a checkpoint together, as each of them sees them. */
public interface SavingProcesses {

    /** Whether rank 0 lives here: its process makes the checkpoint whole. */
    boolean haveFirstRankHere();

    /** Whether there is no other process. */
    boolean areOne();

    /**
     * Tells all ranks of all processes something; all processes call this with the same keys in the same order. May be called beside the work of the
     * ranks' own threads.
     *
     * @return what the process of each rank told, by rank
     * @throws io.moe4j.api.group.RankFailedException if another process has failed
     */
    List<byte[]> exchange(String key, byte[] mine);
}
