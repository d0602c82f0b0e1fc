/** Numbers against the goldens. */
module io.moe4j.tests.parity {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.tests.contract;
    requires io.moe4j.app;
    requires org.slf4j;
    requires tools.jackson.databind;
}
