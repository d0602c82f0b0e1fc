package io.moe4j.trainer.plan;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.session.Providers;
import java.util.Optional;

/**
 * How many rounds an exchange needs if its rows may not fit into the receive buffer. This depends on how the rows are spread over the ranks of its group.
 * Every rank makes as many rounds as the rank that receives the most rows needs.
 *
 * @param capacityRows rows that a rank receives in a round
 * @param balancedRows rows that each rank receives under even routing
 * @param even rounds under even routing
 * @param twiceTheMean rounds if one rank receives twice as many rows as under even routing
 * @param worst rounds if every token chooses as many experts as possible on one rank
 * @param whyAll why every step enqueues {@code worst} rounds, of which the unneeded ones do nothing; absent if steps enqueue only the rounds that they need
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ExpectedRounds(long capacityRows, long balancedRows, long even, long twiceTheMean, long worst,
        Optional<String> whyAll) {

    /** The numbers of rounds of an exchange that is opened with rounds. */
    static ExpectedRounds of(CommConfig exchange, int ranks, Providers providers) {
        long capacity = Math.max(1, exchange.capacityRows(ranks));
        long balanced = exchange.routedRows();
        long most = exchange.worstCaseRows(ranks);
        return new ExpectedRounds(capacity, balanced, rounds(Math.min(most, balanced), capacity),
                rounds(Math.min(most, 2 * balanced), capacity), exchange.maxRounds(ranks),
                whyAll(providers));
    }

    /** A capture that is not available on this machine is assumed to support repeated work, which the required driver does. */
    private static Optional<String> whyAll(Providers providers) {
        boolean hostKnows = ExchangeNeeds.of(providers.comm().orElseThrow())
                .synchronisesWithHost();
        if (hostKnows) {
            return Optional.empty();
        }
        if (providers.capture().isEmpty()) {
            return Optional.of("steps are not captured");
        }
        GraphCaptureProvider capture = providers.capture().get();
        return Asking.of(capture, "probe", Provider::probe) instanceof Availability.Available
                && Asking.of(capture, "repeats",
                        GraphCaptureProvider::repeats) instanceof Availability.Unavailable(String reason, String remedy)
                                ? Optional.of(reason + "; " + remedy)
                                : Optional.empty();
    }

    private static long rounds(long rows, long capacity) {
        return Math.max(1, Math.ceilDiv(rows, capacity));
    }
}
