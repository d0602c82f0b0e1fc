package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.util.List;

/** What a process and the hub tell each other; its form on the wire is in {@link Wire}. */
sealed interface Message {

    /**
     * A process introduces itself: its first message.
     *
     * @param job the job that it belongs to; empty if its launcher does not say
     * @param process its number and host, for people
     */
    record Hello(String job, String process, int worldSize, List<Integer> ranks) implements Message {}

    /** The hub takes it. */
    record Welcome() implements Message {}

    /**
     * The hub does not take it.
     *
     * @param otherJob whether the hub is not that of the process's job, or at its end
     * @param reason for people
     */
    record Refusal(boolean otherJob, String reason) implements Message {}

    /** The member at {@code index} of a meeting gives its bytes. */
    record Offer(Meeting meeting, int index, byte[] bytes) implements Message {}

    /** What all members gave, in group order; one answer a process. */
    record Answer(Meeting meeting, List<byte[]> bytes) implements Message {}

    /** A rank has failed. */
    record Failed(RankFailure failure) implements Message {}

    /** The ranks of this process are done: that the connection ends is no failure. */
    record Goodbye() implements Message {}
}
