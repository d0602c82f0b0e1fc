/** Kills, cuts of power, disks that fail, damaged files, and ranks that lie. */
module io.moe4j.tests.faults {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.app;
    requires io.moe4j.tests.contract;
    requires java.management;
    requires org.slf4j;
}
