/** Recompute policies: {@code none}, {@code full} and {@code budget}. */
module io.moe4j.activationcheckpoint {
    requires io.moe4j.autograd;
    requires static org.jspecify;

    provides io.moe4j.autograd.recompute.RecomputePolicyProvider
            with io.moe4j.activationcheckpoint.NoRecomputeProvider, io.moe4j.activationcheckpoint.FullRecomputeProvider,
            io.moe4j.activationcheckpoint.BudgetRecomputeProvider;
}
