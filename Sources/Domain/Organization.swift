/// A WorkOS organization. Only its id matters to the rules: who belongs to it and what it pays for.
package enum Organization {
    package typealias ID = Identifier<Organization>
}
