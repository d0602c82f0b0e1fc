/** The portable expert-parallel baseline. */
module io.moe4j.comm.standard {
    requires io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;
}
