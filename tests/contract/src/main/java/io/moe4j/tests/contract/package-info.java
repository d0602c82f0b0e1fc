/** The kit that every plug-in must pass. */
@NullMarked
package io.moe4j.tests.contract;

import org.jspecify.annotations.NullMarked;
