/** Whole runs on the CPU. */
module io.moe4j.tests.integration {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.tests.contract;
    requires io.moe4j.app;
    requires java.management;
    requires jdk.jfr;
    requires org.slf4j;
    requires tools.jackson.databind;
}
