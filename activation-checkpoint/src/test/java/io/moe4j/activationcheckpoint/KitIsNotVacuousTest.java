package io.moe4j.activationcheckpoint;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.tests.contract.Planted;
import io.moe4j.tests.contract.RecomputePolicyContract;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The kit of recompute policies finds a policy that is not what it says, by an assertion and for the right reason. */
class KitIsNotVacuousTest {

    @Test
    void findsAPolicyThatKeepsWhatItSaysItRecomputes() {
        finds("keeps, and says that it recomputes", "times that segments were applied",
                policy(new NoRecomputeProvider().policy()), RecomputePolicyContract::recomputesFullyIfItSaysSo);
    }

    @Test
    void findsAPolicyThatAppliesASegmentTwice() {
        RecomputePolicy real = new FullRecomputeProvider().policy();
        finds("applies each segment twice", "arrays first differed|array contents differ",
                policy((tape, segment, x) -> real.run(tape, segment, real.run(tape, segment, x))),
                RecomputePolicyContract::gradientsEqualRecordingEverything);
    }

    private static RecomputePolicyProvider policy(RecomputePolicy policy) {
        return Planted.instead(RecomputePolicyProvider.class, new FullRecomputeProvider(),
                (method, arguments) -> method.equals("policy") ? policy : CALL);
    }

    private static void finds(String fault, String reason, RecomputePolicyProvider provider,
            Consumer<RecomputePolicyContract> test) {
        Planted.isFound(fault, reason, () -> {
            FullRecomputeContractTest kit = new FullRecomputeContractTest() {
                @Override
                protected RecomputePolicyProvider provider() {
                    return provider;
                }
            };
            kit.open();
            try {
                List<Throwable> failures = Planted.failures(() -> test.accept(kit));
                return failures;
            } finally {
                kit.close();
            }
        });
    }
}
