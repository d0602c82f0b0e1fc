/** The version rule of the SPIs, with plug-ins compiled against other versions. */
module io.moe4j.tests.compat {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.app;
    requires java.compiler;
    requires jdk.compiler;
    requires org.slf4j;

    uses io.moe4j.autograd.recompute.RecomputePolicyProvider;
}
