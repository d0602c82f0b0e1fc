/** Recompute policies. */
module io.moe4j.activationcheckpoint {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires org.slf4j;
    requires static transitive org.jspecify;
}
