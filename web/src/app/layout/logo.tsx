export function Logo({ className }: { className?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" className={className}>
      <rect width="32" height="32" rx="8" fill="#4f46e5" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <path d="M11 7v18" />
        <path d="M11 21c0-6 10-3 10-9" />
      </g>
      <g fill="#fff">
        <circle cx="11" cy="7" r="2.6" />
        <circle cx="11" cy="25" r="2.6" />
        <circle cx="21" cy="11" r="2.6" />
      </g>
    </svg>
  );
}
