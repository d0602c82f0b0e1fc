package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.util.List;

/** Messages between a process and the hub; {@link Wire} defines their encoding. */
sealed interface Message {

    /**
     * A process introduces itself: its first message.
     *
     * @param job the job that it belongs to; empty if its launcher gives no name
     * @param process its number and host, for people
     */
    record Hello(String job, String process, int worldSize, List<Integer> ranks) implements Message {}

    /** The hub accepts the process. */
    record Welcome() implements Message {}

    /**
     * The hub refuses the process.
     *
     * @param otherJob whether the hub belongs to another job, or is closing
     * @param reason the reason, for people
     */
    record Refusal(boolean otherJob, String reason) implements Message {}

    /** The member at {@code index} of a meeting sends its bytes. */
    record Offer(Meeting meeting, int index, byte[] bytes) implements Message {}

    /** The bytes of all members, in group order; one answer for each process. */
    record Answer(Meeting meeting, List<byte[]> bytes) implements Message {}

    /** A rank has failed. */
    record Failed(RankFailure failure) implements Message {}

    /** The ranks of this process have finished: the end of the connection is no failure. */
    record Goodbye() implements Message {}
}
