package io.moe4j.tests.contract;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.tensor.DType;
import java.util.Optional;

/**
 * The backend under test, with the device and plug-ins that it uses.
 *
 * @param device where all ranks compute
 * @param provider the backend
 * @param collectives for backends that need them
 * @param capture for backends that can be captured
 */
record CommKit(Device device, CommBackendProvider provider, Optional<CollectivesProvider> collectives,
        Optional<GraphCaptureProvider> capture) {

    /** The same on another device. */
    CommKit on(Device other) {
        return new CommKit(other, provider, collectives, capture);
    }

    /** Runs {@code check} on every rank of the world, with the backend open over all of them. */
    void onAllRanks(CommCase shape, DType rowType, CommRank.Check check) {
        try (RankTeam team = RankTeam.open(device, shape.ranks(), stackBytes(shape))) {
            team.run(rank -> CommRank.with(this, shape.config(rowType), rank, rank.world(), check));
        }
    }

    /** As {@link #onAllRanks}, with the backend open for {@code config}. */
    void onAllRanks(CommCase shape, CommConfig config, CommRank.Check check) {
        try (RankTeam team = RankTeam.open(device, shape.ranks(), stackBytes(shape))) {
            team.run(rank -> CommRank.with(this, config, rank, rank.world(), check));
        }
    }

    /** As {@link #onAllRanks}, on ranks that have a stream for communication. */
    void onAllRanksWithTwoStreams(CommCase shape, DType rowType, CommRank.Check check) {
        try (RankTeam team = RankTeam.open(device, shape.ranks(), stackBytes(shape))) {
            team.run(rank -> {
                try (Stream beside = device.openCommunicationStream("rank " + rank.rank() + ", communication")) {
                    return CommRank.with(this, shape.config(rowType), rank.withCommunication(beside), rank.world(),
                            check);
                }
            });
        }
    }

    /** As {@link #onAllRanks}, for checks of what is on a rank's stack. */
    void onAllRanks(CommCase shape, DType rowType, StackCheck check) {
        try (RankTeam team = RankTeam.open(device, shape.ranks(), stackBytes(shape))) {
            team.run(context -> CommRank.with(this, shape.config(rowType), context, context.world(),
                    rank -> check.on(rank, team.guards(context.rank()))));
        }
    }

    /** What is checked on each rank, with a look at its stack. */
    @FunctionalInterface
    interface StackCheck {
        void on(CommRank rank, StackGuards stack) throws Exception;
    }

    /** Enough planned memory for plans, rows that a backend keeps there, and its scratch. */
    static long stackBytes(CommCase shape) {
        long rows = shape.config(DType.F32).capacityRows(shape.ranks())
                + (long) shape.tokens() * shape.topK();
        return (4 << 20) + 8 * rows * (4L * shape.dim() + 64) + 64L * shape.experts() * (shape.ranks() + 8);
    }
}
