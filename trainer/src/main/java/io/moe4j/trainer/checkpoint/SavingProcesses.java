package io.moe4j.trainer.checkpoint;

import java.util.List;

/** The processes that save a checkpoint together, seen from one of them. */
public interface SavingProcesses {

    /** Whether rank 0 runs in this process, which then completes the checkpoint. */
    boolean haveFirstRankHere();

    /** Whether there is no other process. */
    boolean areOne();

    /**
     * Exchanges data between all processes, which call this with the same keys in the same order. May be called during the work of the
     * ranks' own threads.
     *
     * @return the data of each rank's process, by rank
     * @throws io.moe4j.api.group.RankFailedException if another process has failed
     */
    List<byte[]> exchange(String key, byte[] mine);
}
