/** The portable expert-parallel baseline. */
module io.moe4j.comm.standard {
    requires io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;

    provides io.moe4j.api.comm.CommBackendProvider with io.moe4j.comm.standard.StandardProvider;
}
